from concurrent.futures import Future, ThreadPoolExecutor


def then(future, function):
    result = Future()

    def done(source):
        try:
            result.set_result(function(source.result()))
        except BaseException as error:
            result.set_exception(error)

    future.add_done_callback(done)
    return result


def main():
    with ThreadPoolExecutor(1) as pool:
        good = then(then(pool.submit(int, "20"), lambda n: n + 1), lambda n: n * 2)
        bad = then(pool.submit(int, "x"), lambda n: n + 1)
        assert good.result() == 42
        error = bad.exception()
    assert isinstance(error, ValueError)
    return good.result()
