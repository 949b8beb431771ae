//! Registrations: REGISTER, 401, REGISTER, 200.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use end_to_end::Device;
use sip::{Method, Response};

use crate::Options;
use crate::load::{Exchange, Load, Next, Outcome};
use crate::measure::{self, Figure};
use crate::side::Side;

/// One registration.
pub(crate) struct Registration<'a> {
    device: &'a Device,
    local: SocketAddr,
    call_id: String,
    answered: bool,
}

impl<'a> Registration<'a> {
    pub(crate) fn new(device: &'a Device, local: SocketAddr, call_id: String) -> Registration<'a> {
        Registration {
            device,
            local,
            call_id,
            answered: false,
        }
    }
}

impl Exchange for Registration<'_> {
    fn call_id(&self) -> &str {
        &self.call_id
    }

    fn begin(&mut self) -> Vec<u8> {
        self.device.register(self.local, &self.call_id, 1, "")
    }

    fn receive(&mut self, answer: &Response) -> Next {
        match answer.status.code() {
            100..200 => Next::Wait,
            200 => Next::Done(Ok(())),
            401 if !self.answered => {
                self.answered = true;
                let uri = self.device.registrar();
                match self
                    .device
                    .authorization(&answer.headers, &Method::Register, &uri)
                {
                    Ok(authorization) => Next::Ask(self.device.register(
                        self.local,
                        &self.call_id,
                        2,
                        &authorization,
                    )),
                    Err(error) => Next::Done(Err(error)),
                }
            }
            // The answer to a repeated first request.
            401 => Next::Wait,
            status => Next::Done(Err(anyhow!("a registration was answered with {status}"))),
        }
    }
}

/// Registrations at each of the servers in turn.
pub(crate) fn measure(options: &Options, sides: &[Side]) -> Result<Vec<Figure>> {
    let mut stations = Vec::new();
    for side in sides {
        let load = Load::new(side.sip)?;
        let local = load.local()?;
        let figure = Figure::new(
            side.name,
            "registration (REGISTER, 401, REGISTER, 200)",
            f64::from(options.registrations),
        );
        stations.push((side, load, local, figure));
    }
    for run in 0..=options.runs {
        for (side, load, local, figure) in &mut stations {
            let (time, rate) = (measure::run_time(options, run), options.registrations);
            let before = side.time()?;
            let outcome = run_at(side, load, *local, &run.to_string(), rate, time)?;
            let spent = side.time()?.since(&before);
            figure.add(run, spent, outcome, outcome.completed);
            figure.memory = side.memory()?;
        }
    }
    if options.max {
        for (side, load, local, figure) in &mut stations {
            figure.highest = Some(measure::highest(options.registrations, |rate| {
                let time = options.run_time();
                run_at(side, load, *local, &format!("m{rate}"), rate, time)
            })?);
        }
    }
    Ok(stations
        .into_iter()
        .map(|(_, load, _, mut figure)| {
            figure.why = load.first_failure;
            figure
        })
        .collect())
}

fn run_at<'a>(
    side: &'a Side,
    load: &mut Load<Registration<'a>>,
    local: SocketAddr,
    name: &str,
    rate: u32,
    time: Duration,
) -> Result<Outcome> {
    load.run(rate, time, |index| {
        let device = &side.callers[index as usize % side.callers.len()];
        Registration::new(device, local, format!("r{name}-{index}"))
    })
}
