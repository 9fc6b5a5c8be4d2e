import threading


def main():
    barrier, said = threading.Barrier(2), []

    def patient():
        try:
            barrier.wait()
            said.append("through")
        except threading.BrokenBarrierError:
            said.append("broken")

    def quitter():
        barrier.abort()

    threads = [threading.Thread(target=patient, name="patient"), threading.Thread(target=quitter, name="quitter")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert said == ["broken"]
    return said
