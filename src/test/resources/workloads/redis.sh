redis-server --port 6390 --dir /tmp --appendonly yes --save "1 1" --io-threads 4 --unixsocket /tmp/r.sock --daemonize no > /tmp/log 2>&1 &
P=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do redis-cli -p 6390 ping 2>/dev/null | grep -q PONG && break; sleep 0.1; done
redis-benchmark -p 6390 -q -n 500 -c 10 -t set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd,lrange,mset 2>&1 | tail -2
redis-cli -s /tmp/r.sock bgsave; redis-cli -p 6390 bgrewriteaof; redis-cli -p 6390 eval 'return redis.call("set","a","b")' 0; redis-cli -p 6390 config set maxmemory 50mb; redis-cli -p 6390 info > /dev/null; redis-cli -p 6390 debug reload 2>&1 | tail -1; sleep 1.5; redis-cli -p 6390 flushall; redis-cli -p 6390 shutdown; wait $P; tail -3 /tmp/log; echo done
