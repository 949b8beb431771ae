//! How good the audio of a call was, on either side.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one side of a call sent and heard.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CallQuality {
    /// RTP packets that came from this side's phone.
    pub sent: u64,
    /// RTP packets that were passed on to it.
    pub received: u64,
    /// RTP packets that it missed of what the other side's phone sent, as it reported; without reports, those that got
    /// lost on their way to the server.
    pub lost: u64,
    /// How unevenly packets came to it, in milliseconds (RFC 3550 section 6.4.1).
    pub jitter_millis: u32,
    /// From the server to this side's phone and back, in milliseconds; missing if nobody reported it.
    pub round_trip_millis: Option<u32>,
    /// The estimated mean opinion score of what this side heard; missing if it heard nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub mos: Option<Mos>,
}

/// A mean opinion score, 1.00 to 4.50, by the E-model of ITU-T G.107.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mos {
    hundredths: u16,
}

impl Mos {
    /// A score in hundredths; what is no score becomes the nearest one.
    pub fn from_hundredths(hundredths: u16) -> Self {
        Self {
            hundredths: hundredths.clamp(100, 500),
        }
    }

    /// In hundredths.
    pub fn hundredths(self) -> u16 {
        self.hundredths
    }
}

impl std::fmt::Display for Mos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

impl Serialize for Mos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.hundredths) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Mos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let score = f64::deserialize(deserializer)?;
        if !(1.0..=5.0).contains(&score) {
            return Err(serde::de::Error::custom("a score lies between 1 and 5"));
        }
        // Between 100 and 500.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let hundredths = (score * 100.0).round() as u16;
        Ok(Self { hundredths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_a_number_with_two_digits_and_nothing_else_is_one() {
        let quality = CallQuality {
            mos: Some(Mos::from_hundredths(437)),
            ..CallQuality::default()
        };
        let json = serde_json::to_string(&quality).unwrap();
        assert!(json.contains("\"mos\":4.37"), "{json}");
        assert_eq!(serde_json::from_str::<CallQuality>(&json).unwrap(), quality);
        for wrong in ["0.5", "7", "\"good\""] {
            assert!(serde_json::from_str::<Mos>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Mos::from_hundredths(305).to_string(), "3.05");
    }
}
