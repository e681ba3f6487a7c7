use super::*;

#[test]
fn an_interface_that_is_deleted_while_we_send_is_named() {
    let error = |errno: Errno| transmit_error(io::Error::from(errno));
    assert!(matches!(error(Errno::ENXIO), WorkerError::InterfaceGone));
    assert!(matches!(error(Errno::ENETDOWN), WorkerError::Transmit(_)));
}
