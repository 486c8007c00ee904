#![no_main]

milena_fuzz::target!(guard_and_decoder);
