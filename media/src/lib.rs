//! RTP, jitter buffer, codecs and levels, without a clock or a device.
