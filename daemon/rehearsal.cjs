// usage: rehearsal.cjs FOLDER: starts the daemon that is there, has it serve a login, and writes to FOLDER/N.cache what
// V8 compiled of part N for that, and to FOLDER/answered how many requests were answered. The daemon has an addon that
// only pretends, and files of its own: nothing on this machine is changed. What goes wrong here costs speed and
// nothing else: a function that is missing in the cache is compiled when the daemon needs it.

const fs = require("node:fs");
const { setFlagsFromString } = require("node:v8");

const folder = process.argv[2];
const PAM = 4;
/** Of the rehearsed login. */
const PID = 4242;
const UID = 1000;
const CONNECTION = 100;

const packet = (...fields) => Buffer.from(`sessionman 1\n${fields.map((field) => `${field}\0`).join("")}`);
const requests = [
  packet(
    "OP=open",
    `NONCE=${"0123456789abcdef".repeat(2)}`,
    "USER=alice",
    `UID=${UID}`,
    `GID=${UID}`,
    "SERVICE=sshd",
    "TTY=ssh",
    "RHOST=192.0.2.1",
    `GROUPS=${UID}`,
  ),
  packet("OP=close", "ID=1"),
];
let answered = 0;
let KernelError;
let wake;
let knocked = false;
let descriptors = 200;

const identity = { pid: PID, start: "1", inode: "1", executable: "/usr/sbin/sshd" };
const pretended = {
  initialize: (error) => (KernelError = error),
  Poll: class {
    constructor(ready) {
      wake ??= ready;
    }
    add() {}
    modify() {}
    remove() {}
    drop() {}
    shut() {}
  },
  Udev: class {
    list = () => [];
    device = () => null;
    listen = () => descriptors++;
    receive = () => null;
  },
  isPacketSocket: () => true,
  isListening: () => true,
  accept(fd) {
    if (fd !== PAM || !knocked) return null;
    knocked = false;
    return { fd: CONNECTION, peer: { pid: PID, uid: 0, gid: 0, groups: [0] } };
  },
  receive(fd, buffer) {
    const request = fd === CONNECTION ? requests.shift() : undefined;
    return request === undefined ? -1 : request.copy(buffer);
  },
  send(fd, bytes, offset) {
    if (fd === CONNECTION && /^STATUS=(opened|closed)/m.test(Buffer.from(bytes).toString())) answered++;
    return bytes.length - offset;
  },
  identify: () => ({ identity, parent: 1, uid: 0, cgroup: "", sameNamespace: true, terminal: "" }),
  isAlive: () => true,
  isCgroup2: (path) => path.startsWith(folder),
  enterGroup: () => 1,
  removeGroups: () => -1,
  groupMembers: () => [],
  readWatch: () => [],
  read(path) {
    if (path.endsWith("/cgroup.controllers")) return "cpu io memory pids\n";
    if (!path.startsWith("/proc/self/")) throw new KernelError("open", "ENOENT", path);
    return fs.readFileSync(path, "latin1");
  },
  readAgain: () => "tty1\n",
  checksum: () => 1,
  makeDirectory(path) {
    if (path.startsWith(folder)) fs.mkdirSync(path, { recursive: true });
    return true;
  },
  removeDirectory: () => "",
  status: () => null,
  holdNode: () => null,
  atEnd: () => false,
};
for (const name of [
  "duplicate",
  "openProcess",
  "openWatch",
  "watch",
  "openFile",
  "makeFifo",
  "openFifo",
  "openFifoWriter",
])
  pretended[name] = () => descriptors++;

process.dlopen = (module) => {
  module.exports = new Proxy(pretended, { get: (known, name) => known[name] ?? function () {} });
};

const options = {
  cgroup: { root: `${folder}/cgroup` },
  paths: {
    runtime_directories: `${folder}/user`,
    lingering: `${folder}/linger`,
    backend_configuration: `${folder}/backend`,
    state_files: `${folder}/state`,
    system_bus: `${folder}/no-bus`,
  },
  user_services: { backend: "none" },
};
fs.writeFileSync(`${folder}/sessionman.yaml`, JSON.stringify(options));

const { index, load, scripts } = require(`${folder}/sessionmand.cjs`);

process.on("exit", () => {
  // Parts that nobody needed get all of their functions. The flag must not be one of those that the caches are bound to.
  setFlagsFromString("--no-lazy");
  for (const name of Object.keys(index.modules)) load(name);
  setFlagsFromString("--lazy");
  for (const [i, script] of scripts.entries())
    fs.writeFileSync(`${folder}/${i}.cache`, script.createCachedData());
  fs.writeFileSync(`${folder}/answered`, String(answered));
  process.exitCode = 0;
});
process.argv = [
  process.argv[0],
  "sessionmand",
  "--config",
  `${folder}/sessionman.yaml`,
  "--run-dir",
  `${folder}/run`,
];
load("./main.js");
const knock = () => {
  knocked = true;
  wake(PAM, 1);
};
for (let i = 0; i < requests.length; i++) setTimeout(knock, i * 20);
// the log loads its library after a while
setTimeout(() => process.exit(), 400);
