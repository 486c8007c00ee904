//! What the targets share: memory is counted, and each of them is one line.

use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};

#[doc(hidden)]
pub use {libfuzzer_sys, milena_protocol_tests::fuzzing};

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

/// Makes the program that fuzzes one of the targets of `milena_protocol_tests::fuzzing`.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        use $crate::libfuzzer_sys;
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::fuzzing::$name::TARGET.run(input));
    };
}
