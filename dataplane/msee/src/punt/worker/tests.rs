use super::*;
use crate::icmp::limit::Rate;

fn worker() -> Worker {
    let (_, queue) = mpsc::channel();
    let (teacher, _) = watch::channel(Arc::default());
    let (asker, _) = channel::channel(1);
    let responder = Responder::new(Rate::default());
    Worker::new(queue, responder, Arc::default(), Arc::default(), teacher, asker).unwrap()
}

#[test]
fn an_answer_for_a_port_without_a_socket_is_a_send_that_failed() {
    let mut worker = worker();
    assert_eq!(worker.send(Some(1)), Err(Verdict::IcmpSendFailed));
    assert_eq!(worker.send(None), Err(Verdict::IcmpSendFailed));
}

#[test]
fn it_sleeps_until_something_is_due_and_not_for_less_than_the_kernels_unit() {
    let mut worker = worker();
    let now = Instant::now();
    assert_eq!(worker.until_attention(now), IDLE);
    worker.pace.changed(now);
    assert_eq!(worker.until_attention(now), Duration::from_millis(10));
    let almost = now + Duration::from_micros(9_900);
    assert_eq!(worker.until_attention(almost), Duration::from_millis(1));
    assert_eq!(worker.until_attention(now + Duration::from_millis(10)), Duration::ZERO);
}
