"""One count of what was checked, and the words of what failed."""
failures = []
checked = 0


def check(good, words):
    global checked
    checked += 1
    if not good:
        failures.append(words)
        print("FAIL", words)


def near(a, b):
    return a is not None and b is not None and abs(float(a) - float(b)) <= 1e-9 * max(1.0, abs(float(a)), abs(float(b)))


def done(name):
    print(f"{name}: {checked - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0
