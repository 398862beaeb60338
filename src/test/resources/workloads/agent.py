import os,sys,json,sqlite3,subprocess,threading,tempfile,socket,asyncio,signal,time,mmap,select,hashlib,shutil,zipfile,multiprocessing,concurrent.futures,resource,urllib.request,http.server,random,uuid,getpass,glob,stat,fcntl,ctypes,queue,logging,csv,gzip,tarfile,platform
d=tempfile.mkdtemp(); os.chdir(d)
open('a.txt','w').write('x'*10000); os.rename('a.txt','b.txt'); os.symlink('b.txt','l'); os.link('b.txt','h'); os.chmod('b.txt',0o600); os.utime('b.txt'); os.truncate('b.txt',100); shutil.copy('b.txt','c.txt'); shutil.copytree(d,d+'2'); shutil.rmtree(d+'2'); os.stat('b.txt'); os.listdir('.'); os.makedirs('x/y'); list(os.walk('.')); os.access('b.txt',os.R_OK); os.statvfs('.'); glob.glob('*')
with open('b.txt','r+b') as f:
    fcntl.flock(f,fcntl.LOCK_EX); m=mmap.mmap(f.fileno(),0); m[0:1]=b'y'; m.flush(); m.close(); os.fsync(f.fileno())
c=sqlite3.connect('t.db'); c.execute('pragma journal_mode=wal'); c.execute('create table t(x)'); c.executemany('insert into t values(?)',[(i,) for i in range(1000)]); c.commit(); c.close()
print(subprocess.run(['/bin/sh','-c','ls -la | head -3; echo $$; cat b.txt | wc -c; sort /etc/passwd | grep -c . ; find . -name "*.db"; sed s/x/y/ b.txt >/dev/null; mkdir q; rm -r q; cp b.txt z; mv z zz; date; env | head -2; du -s .; tar czf t.tgz b.txt; sleep 0.01'],capture_output=True,text=True).stdout)
p=subprocess.Popen(['cat'],stdin=subprocess.PIPE,stdout=subprocess.PIPE); p.communicate(b'hi'); 
t=[threading.Thread(target=lambda: time.sleep(0.01)) for _ in range(8)]; [x.start() for x in t]; [x.join() for x in t]
def w(x): return hashlib.sha256(str(x).encode()).hexdigest()
with concurrent.futures.ThreadPoolExecutor(4) as e: list(e.map(w,range(100)))
multiprocessing.set_start_method('fork')
q=multiprocessing.Queue(); pr=multiprocessing.Process(target=lambda: q.put(1)); pr.start(); q.get(); pr.join()
with multiprocessing.Pool(2) as pool: pool.map(w,range(10))
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(s): s.send_response(200); s.end_headers(); s.wfile.write(b'ok')
    def log_message(s,*a): pass
srv=http.server.ThreadingHTTPServer(('127.0.0.1',8181),H); threading.Thread(target=srv.serve_forever,daemon=True).start()
print(urllib.request.urlopen('http://127.0.0.1:8181/').read()); srv.shutdown()
async def main():
    s=await asyncio.start_server(lambda r,w:(w.write(b'x'),w.close()),'127.0.0.1',8182)
    r,w=await asyncio.open_connection('127.0.0.1',8182); print(await r.read()); 
    pr=await asyncio.create_subprocess_exec('/bin/echo','sub',stdout=asyncio.subprocess.PIPE); print(await pr.communicate())
    await asyncio.to_thread(time.sleep,0.01); s.close()
asyncio.run(main())
us=socket.socket(socket.AF_UNIX); us.bind(d+'/s'); us.listen(1); cc=socket.socket(socket.AF_UNIX); cc.connect(d+'/s'); cc.sendall(b'q'); u,_=us.accept(); u.recv(1); a,b=socket.socketpair(); a.send(b'1'); b.recv(1)
udp=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); udp.bind(('127.0.0.1',0)); udp.sendto(b'x',udp.getsockname()); udp.recvfrom(10)
try: socket.getaddrinfo('localhost',80)
except Exception as ex: print(ex)
signal.signal(signal.SIGALRM,lambda *a:None); signal.setitimer(signal.ITIMER_REAL,0.01); time.sleep(0.03); signal.alarm(0)
select.select([],[],[],0.001); po=select.poll(); po.poll(1); ep=select.epoll(); ep.poll(0.001)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss>0, resource.getrlimit(resource.RLIMIT_NOFILE), os.cpu_count(), len(os.sched_getaffinity(0)), os.getloadavg() if os.path.exists('/proc/loadavg') else 0, platform.platform(), uuid.uuid4()!=0, os.urandom(4)!=b'', os.getpgid(0), os.getsid(0), os.nice(0), os.times())
try: print(getpass.getuser())
except Exception as e: print(e)
import ssl; ssl.create_default_context()
with gzip.open('g.gz','wb') as g: g.write(b'x'*1000)
with zipfile.ZipFile('z.zip','w') as z: z.write('b.txt')
with tarfile.open('t.tar','w') as z: z.add('b.txt')
import venv; venv.create('v',with_pip=False)
print('done')
