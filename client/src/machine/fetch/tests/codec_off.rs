//! A build without one of the codecs.

use milena_protocol::compression::Codec;

use super::*;

#[test]
fn a_codec_that_is_not_part_of_this_build_names_its_feature() {
    let mut bytes = BytesMut::from(&batch(0, 4)[..]);
    bytes[22] |= Codec::Gzip.id() as u8;
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, with_crc(bytes))]);
    rig.settle();
    let error = rig.error();
    assert!(matches!(error, ConsumeError::UnsupportedBatch { .. }), "{error}");
    assert!(error.to_string().contains("compression-gzip"), "{error}");
}
