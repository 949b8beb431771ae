// A phone as a web page would have it: JsSIP over a WebSocket, led by JSON lines on standard input, telling JSON lines.
'use strict';

const readline = require('node:readline');
const fs = require('node:fs');
const JsSIP = require('jssip');
const WebSocket = require('ws');

const settings = JSON.parse(process.argv[2]);
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));

// The interface that JsSIP wants of a transport, over Node's kind of WebSocket.
class Socket {
  constructor(url) {
    this.url = url;
    this.via_transport = url.startsWith('wss:') ? 'WSS' : 'WS';
    this.sip_uri = `sip:${new URL(url).host};transport=ws`;
  }

  connect() {
    const ca = settings.trusted ? fs.readFileSync(settings.trusted) : undefined;
    this.socket = new WebSocket(this.url, 'sip', { ca });
    this.socket.on('open', () => this.onconnect());
    this.socket.on('message', (data) => this.ondata(data.toString()));
    this.socket.on('error', (error) => tell('trouble', { why: String(error) }));
    this.socket.on('close', (code, reason) => this.ondisconnect(code !== 1000, code, String(reason)));
  }

  disconnect() {
    if (this.socket) this.socket.close(1000);
  }

  send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(message);
    return true;
  }

  isConnected() {
    return this.socket && this.socket.readyState === WebSocket.OPEN;
  }

  isConnecting() {
    return this.socket && this.socket.readyState === WebSocket.CONNECTING;
  }
}

const phone = new JsSIP.UA({
  sockets: [new Socket(settings.url)],
  uri: settings.uri,
  authorization_user: settings.login,
  password: settings.secret,
  realm: settings.realm,
  register_expires: 600,
});
phone.on('registered', () => tell('registered', {}));
phone.on('registrationFailed', ({ cause, response }) =>
  tell('refused', { cause, status: response ? response.status_code : 0 }));
phone.on('newMessage', ({ originator, request }) => {
  if (originator === 'remote') tell('message', { from: request.from.uri.user, text: request.body });
});

const outcome = (what) => ({
  succeeded: ({ response }) => tell(what, { status: response.status_code, allow: response.getHeader('Allow') }),
  failed: ({ response, cause }) => tell(what, { status: response ? response.status_code : 0, cause }),
});
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { verb, target, text } = JSON.parse(line);
  if (verb === 'message') phone.sendMessage(target, text, { eventHandlers: outcome('sent') });
  if (verb === 'options') phone.sendOptions(target, '', { eventHandlers: outcome('options') });
  if (verb === 'register') phone.register();
  if (verb === 'unregister') {
    phone.once('unregistered', () => tell('unregistered', {}));
    phone.unregister();
  }
});
phone.start();
