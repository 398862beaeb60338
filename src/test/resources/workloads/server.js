const http=require('http'),fs=require('fs'),os=require('os'),cp=require('child_process'),crypto=require('crypto'),zlib=require('zlib'),path=require('path'),net=require('net'),dgram=require('dgram'),{Worker,isMainThread}=require('worker_threads');
(async()=>{
const d=fs.mkdtempSync('/tmp/n'); process.chdir(d);
await fs.promises.writeFile('a','x'.repeat(100000)); await fs.promises.appendFile('a','y'); await fs.promises.rename('a','b'); await fs.promises.readFile('b'); await fs.promises.stat('b'); await fs.promises.mkdir('m/n',{recursive:true}); await fs.promises.readdir('.'); await fs.promises.symlink('b','l'); await fs.promises.readlink('l'); await fs.promises.copyFile('b','c'); await fs.promises.chmod('c',0o600); await fs.promises.utimes('c',1,1); await fs.promises.truncate('c',5); await fs.promises.unlink('c'); await fs.promises.realpath('l'); await fs.promises.access('b'); await fs.promises.rm('m',{recursive:true}); const fh=await fs.promises.open('b','r+'); await fh.sync(); await fh.datasync(); await fh.close(); await fs.promises.statfs('.');
const w=fs.watch('.',()=>{}); fs.writeFileSync('z','1'); w.close();
await new Promise(r=>zlib.gzip('x'.repeat(100000),r)); await new Promise(r=>crypto.pbkdf2('a','b',1000,32,'sha256',r)); crypto.randomBytes(8); crypto.generateKeyPairSync('ec',{namedCurve:'P-256'});
console.log(cp.execSync('echo sub; ls | wc -l').toString()); await new Promise(r=>cp.spawn('/bin/cat',['b']).on('exit',r)); await new Promise(r=>cp.exec('true',r));
const wk=new Worker('require("worker_threads").parentPort.postMessage(1)',{eval:true}); await new Promise(r=>wk.on('message',r)); await wk.terminate();
const s=http.createServer((q,r)=>{let n=0; for(let i=0;i<1e5;i++) n+=i%7; r.end('ok'+n)}); await new Promise(r=>s.listen(8183,'127.0.0.1',r));
for(let i=0;i<200;i++) await new Promise((r,j)=>http.get('http://127.0.0.1:8183/',x=>{x.resume();x.on('end',r)}).on('error',j));
const u=net.createServer(c=>c.end('x')); await new Promise(r=>u.listen(d+'/s',r)); await new Promise(r=>net.connect(d+'/s').on('close',r).resume()); u.close();
const g=dgram.createSocket('udp4'); await new Promise(r=>g.bind(0,'127.0.0.1',r)); g.close();
await require('dns').promises.lookup('localhost').catch(e=>console.log(e.code));
os.cpus(); os.loadavg(); os.userInfo(); os.freemem(); os.uptime(); os.getPriority(); process.memoryUsage(); process.resourceUsage(); process.on('SIGUSR2',()=>{}); process.kill(process.pid,'SIGUSR2'); process.umask(); process.getgroups();
await new Promise(r=>setTimeout(r,50)); setImmediate(()=>{}); await WebAssembly.compile(new Uint8Array([0,97,115,109,1,0,0,0]));
let a=[]; for(let i=0;i<2e6;i++) a.push({i}); a=null; if(global.gc) gc();
s.close(); console.log('done'); setTimeout(()=>process.exit(0),100);
})();
