#![no_main]

milena_fuzz::target!(broker_requests);
