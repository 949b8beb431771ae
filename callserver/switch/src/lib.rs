//! Registrar, routing and bridging of calls: SIP in, SIP out.
