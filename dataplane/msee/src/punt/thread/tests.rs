use super::*;
use crate::icmp::limit::Rate;

fn worker() -> Worker {
    let (_, queue) = mpsc::channel();
    Worker {
        epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap(),
        wake: Arc::new(EventFd::new().unwrap()),
        queue,
        sockets: HashMap::new(),
        responder: Responder::new(Rate::default()),
        compiled: Arc::default(),
        tally: Arc::default(),
        out: Frames::default(),
    }
}

#[test]
fn an_answer_for_a_port_without_a_socket_is_a_send_that_failed() {
    let mut worker = worker();
    assert_eq!(worker.send(Some(1)), Err(Verdict::IcmpSendFailed));
    assert_eq!(worker.send(None), Err(Verdict::IcmpSendFailed));
}

#[test]
fn the_end_of_the_thread_is_told_once() {
    let responder = Responder::new(Rate::default());
    let mut thread = PuntThread::start(responder, Arc::default(), Arc::default()).unwrap();
    let ended = thread.take_ended().unwrap();
    assert!(thread.take_ended().is_none());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut end = std::pin::pin!(ended.wait());
        let patience = Duration::from_millis(20);
        assert!(tokio::time::timeout(patience, &mut end).await.is_err(), "it runs");
        drop(thread);
        end.await;
    });
}
