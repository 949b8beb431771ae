//! Registrations: REGISTER, 401, REGISTER, 200.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use end_to_end::Device;
use end_to_end::inside::ProcessorTime;
use sip::{Method, Response};

use crate::Options;
use crate::load::{Exchange, Load, Next};
use crate::measure::{self, Figure};

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

pub(crate) fn measure(
    options: &Options,
    process: u32,
    sip: SocketAddr,
    devices: &[Device],
) -> Result<Figure> {
    let mut load = Load::new(sip)?;
    let local = load.local()?;
    let mut figure = Figure::new(
        "registration (REGISTER, 401, REGISTER, 200)",
        f64::from(options.registrations),
    );
    for run in 0..=options.runs {
        let time = measure::run_time(options, run);
        let make = |index: u64| {
            let device = &devices[index as usize % devices.len()];
            Registration::new(device, local, format!("r{run}-{index}"))
        };
        let before = ProcessorTime::of(process)?;
        let outcome = load.run(options.registrations, time, make)?;
        figure.add(
            run,
            ProcessorTime::of(process)?.since(&before),
            outcome,
            outcome.completed,
        );
    }
    figure.why = load.first_failure;
    Ok(figure)
}
