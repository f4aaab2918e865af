.PHONY: run test check bench lock

run:
	./script/server

test:
	./script/test

check:
	./script/check

bench:
	./script/bench

lock:
	./script/lock
