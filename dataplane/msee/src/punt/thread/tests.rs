use super::*;
use crate::icmp::limit::Rate;

fn start() -> (PuntThread, Outlets) {
    let responder = Responder::new(Rate::default());
    PuntThread::start(responder, Arc::default(), Arc::default()).unwrap()
}

#[test]
fn the_end_of_the_thread_is_told() {
    let (thread, outlets) = start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut end = std::pin::pin!(outlets.ended.wait());
        let patience = Duration::from_millis(20);
        assert!(tokio::time::timeout(patience, &mut end).await.is_err(), "it runs");
        drop(thread);
        end.await;
    });
}

#[test]
fn what_the_kernel_says_of_no_next_hop_is_not_noted() {
    let (thread, _outlets) = start();
    let port = abi::image::PortKey::default();
    let neighbour = Neighbour::new(port, std::net::Ipv4Addr::new(172, 16, 1, 1).into());
    thread.teller().tell(neighbour, Told::Reachable(desired::MacAddress([2; 6])));
    assert_eq!(thread.neighbours(), []);
}
