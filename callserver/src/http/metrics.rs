//! `GET /metrics`: the exchange in figures, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use api::{Problem, ProblemKind};
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Interface;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::edge::{Figures, Histogram};
use crate::live_rooms::{self, LiveGauge};
use crate::rooms;

/// OpenMetrics 1.0, which Prometheus reads since 2018.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An exchange that does not answer for so long has other worries, and so has whoever monitors it.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(metrics))
}

/// The exchange in figures, for those whom the configuration names.
#[utoipa::path(get, path = "/metrics", tag = "server", security(()),
    responses(
        (status = 200, description = "In the text format of Prometheus.", content_type = "application/openmetrics-text", body = String),
        (status = 403, description = "Not from this address."),
    ))]
async fn metrics(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
) -> Result<Response, Refusal> {
    let may_read = interface.metrics_readers.iter();
    if !{ may_read }.any(|network| network.contains(source.ip())) {
        let detail = "The figures are not for everybody; name your network as one of the readers under [metrics] in the configuration.";
        return Err(Problem::new(ProblemKind::Forbidden, detail).into());
    }
    let asked = tokio::time::timeout(PATIENCE, interface.exchange.figures()).await;
    let Ok(Some(figures)) = asked else {
        let detail = "The exchange does not answer; the log may say why.";
        return Err(Problem::new(ProblemKind::Internal, detail).into());
    };
    let live = interface.live_rooms.as_ref().map(LiveGauge::read);
    let text = text(
        *figures,
        live,
        interface.rooms.figures(),
        interface.cleaned.counts(),
    )
    .map_err(|_| Problem::new(ProblemKind::Internal, "The figures cannot be written."))?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

fn text(
    figures: Figures,
    live: Option<live_rooms::Figures>,
    rooms: rooms::Figures,
    cleaned: BTreeMap<&'static str, u64>,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("carillon");
    registry.register_collector(Box::new(Shown(figures, live, rooms, cleaned)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Shown(
    Figures,
    Option<live_rooms::Figures>,
    rooms::Figures,
    BTreeMap<&'static str, u64>,
);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Figures { tally, .. } = &self.0;
        let mut out = Out(&mut encoder);
        out.messages(
            "sip_messages_received",
            "SIP messages that came in",
            tally.received.counts(),
        )?;
        out.messages(
            "sip_messages_sent",
            "SIP messages that went out",
            tally.sent.counts(),
        )?;
        out.by(
            "sip_bad_messages",
            "Messages that could not be understood",
            "kind",
            &tally.bad_messages,
        )?;
        out.by(
            "authentication_failures",
            "Requests that did not prove who sent them",
            "kind",
            &tally.authentication_failures,
        )?;
        out.counter(
            "scanner_requests_ignored",
            "Requests of known scanners",
            tally.scanners_ignored,
        )?;
        out.gauge("bans", "Sources that are not listened to", self.0.bans)?;
        out.counter("bans_started", "Bans since the start", self.0.bans_total)?;
        out.gauge(
            "registrations",
            "Phones that are registered",
            self.0.registrations,
        )?;
        out.counter(
            "registrations_made",
            "Registrations that were made",
            tally.registered,
        )?;
        out.counter(
            "registrations_refreshed",
            "Registrations that were prolonged",
            tally.refreshed,
        )?;
        out.counter(
            "registrations_ended",
            "Registrations that ended",
            tally.unregistered,
        )?;
        out.gauge("calls", "Calls that ring or are answered", self.0.calls)?;
        out.counter(
            "calls_started",
            "Calls between known accounts",
            tally.calls_started,
        )?;
        out.counter(
            "calls_answered",
            "Calls that were picked up",
            tally.calls_answered,
        )?;
        out.by(
            "calls_ended",
            "Calls that are over",
            "cause",
            &tally.calls_ended,
        )?;
        out.histogram(
            "call_mos_hundredths",
            "Estimated mean opinion scores of what people heard, in hundredths",
            &tally.mos,
        )?;
        out.histogram(
            "call_lost_percent",
            "Packets that did not come to people, in hundredths of all",
            &tally.lost_percent,
        )?;
        out.histogram(
            "call_jitter_millis",
            "How unevenly packets came to people, in milliseconds",
            &tally.jitter_millis,
        )?;
        out.histogram(
            "call_round_trip_millis",
            "From the server to phones and back, in milliseconds",
            &tally.round_trip_millis,
        )?;
        out.gauge(
            "sip_connections",
            "Open TCP, TLS and WebSocket connections",
            self.0.connections,
        )?;
        out.transactions(self.0.client_transactions, self.0.server_transactions)?;
        out.gauge(
            "studio_calls",
            "Calls whose audio the server does not just pass on",
            self.0.studio_calls,
        )?;
        let relayed = &self.0.relayed;
        out.counter(
            "relay_packets",
            "RTP and RTCP packets passed on",
            relayed.packets,
        )?;
        out.counter(
            "relay_packets_by_kernel",
            "Of those, RTP that the kernel passed by itself",
            relayed.by_kernel,
        )?;
        out.counter("relay_bytes", "Their bytes", relayed.bytes)?;
        let dropped = [
            ("stranger", relayed.from_strangers),
            ("not-rtp", relayed.not_rtp),
            ("over-limit", relayed.over_limit),
        ];
        out.by(
            "relay_packets_dropped",
            "Packets not passed on",
            "cause",
            &dropped.into(),
        )?;
        let entries = [("said", self.2.said), ("flushed", self.2.flushed)];
        out.by(
            "room_entries",
            "Entries written in rooms, by how they came: said here, or between devices before",
            "way",
            &entries.into(),
        )?;
        out.counter(
            "room_signals",
            "Signals passed on from device to device",
            self.2.signals,
        )?;
        out.by(
            "cleaned",
            "What the server has removed because it was over",
            "what",
            &self.3,
        )?;
        self.1.map_or(Ok(()), |live| out.live_rooms(&live))
    }
}

/// Writes one family of figures after the other.
struct Out<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Out<'_, '_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        counter.encode(
            self.0
                .encode_descriptor(name, help, None, MetricType::Counter)?,
        )
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Histogram)?;
        // Sums and bounds are far below what a float holds exactly.
        #[expect(clippy::cast_precision_loss)]
        let float = |whole: u64| whole as f64;
        let mut buckets: Vec<(f64, u64)> = histogram
            .buckets()
            .map(|(bound, count)| (float(bound), count))
            .collect();
        let (sum, count) = histogram.sum_and_count();
        let inside: u64 = buckets.iter().map(|(_, count)| count).sum();
        buckets.push((f64::MAX, count - inside));
        metric.encode_histogram::<NoLabelSet>(float(sum), count, &buckets, None)
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) -> fmt::Result {
        let gauge = gauge(value);
        gauge.encode(
            self.0
                .encode_descriptor(name, help, None, MetricType::Gauge)?,
        )
    }

    fn by(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counts: &BTreeMap<&'static str, u64>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, count) in counts {
            ConstCounter::new(*count).encode(family.encode_family(&[(label, *value)])?)?;
        }
        Ok(())
    }

    fn live_rooms(&mut self, live: &live_rooms::Figures) -> fmt::Result {
        self.gauge("live_rooms", "Live rooms that are open", live.rooms)?;
        self.gauge("live_room_members", "People in live rooms", live.members)?;
        self.counter(
            "live_room_texts",
            "Texts passed on in live rooms",
            live.texts,
        )?;
        self.counter(
            "live_room_datagrams_dropped",
            "Datagrams to live rooms that were forged, broken or too many",
            live.dropped,
        )?;
        self.counter(
            "live_room_timeouts",
            "People who were silent in live rooms for too long",
            live.timed_out,
        )
    }

    fn messages(
        &mut self,
        name: &str,
        help: &str,
        counts: impl Iterator<Item = (&'static str, &'static str, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (transport, kind, count) in counts {
            let labels = [("transport", transport), ("kind", kind)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn transactions(&mut self, client: usize, server: usize) -> fmt::Result {
        let (name, help) = ("sip_transactions", "Transactions that are alive");
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (side, count) in [("client", client), ("server", server)] {
            gauge(count).encode(family.encode_family(&[("side", side)])?)?;
        }
        Ok(())
    }
}

fn gauge(value: usize) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
