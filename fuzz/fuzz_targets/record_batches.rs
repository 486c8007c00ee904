#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| milena_protocol_tests::fuzzing::record_batches(data));
