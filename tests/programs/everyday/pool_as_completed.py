from concurrent.futures import ThreadPoolExecutor, as_completed


def fetch(page):
    if page == "bad":
        raise LookupError(page)
    return len(page)


def main():
    sizes, errors = {}, []
    with ThreadPoolExecutor(2, thread_name_prefix="fetch") as pool:
        pages = {pool.submit(fetch, page): page for page in ("one", "three", "bad")}
        for future in as_completed(pages):
            try:
                sizes[pages[future]] = future.result()
            except LookupError as error:
                errors.append(str(error))
    assert sizes == {"one": 3, "three": 5} and errors == ["bad"]
    return sorted(sizes.items()), errors
