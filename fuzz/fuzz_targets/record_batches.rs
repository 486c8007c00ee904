#![no_main]

milena_fuzz::target!(record_batches);
