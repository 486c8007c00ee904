//! A build without one of the codecs.

use milena_protocol::compression::Compression;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_codec_that_is_not_part_of_this_build_is_refused_with_its_feature() {
    let world = World::new(&[1]);
    let refused = world.builder().await.compression(Compression::gzip()).build().await;
    let text = refused.map(drop).unwrap_err().to_string();
    assert!(text.contains("compression.type") && text.contains("compression-gzip"), "{text}");
}
