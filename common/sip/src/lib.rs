//! SIP without input or output: messages, transactions, dialogs, registration, digest.
