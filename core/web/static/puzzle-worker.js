// Looks for the number whose SHA-256 behind the token begins with enough zero bits. Written out
// here because the browser's own digest is asynchronous: a promise per number is ten times slower.
const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let found = 0, n = 2; found < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (found < 8) START[found] = (Math.sqrt(n) % 1) * 2 ** 32;
  K[found++] = (Math.cbrt(n) % 1) * 2 ** 32;
}
const W = new Uint32Array(64);
const turn = (x, n) => (x >>> n) | (x << (32 - n));

function block(state, bytes, from) {
  for (let i = 0; i < 16; i++) {
    const at = from + 4 * i;
    W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const a = W[i - 15];
    const b = W[i - 2];
    W[i] = W[i - 16] + W[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

// The first word of the digest: more bits than 24 are never asked for.
function firstWord(text) {
  const size = (Math.floor((text.length + 8) / 64) + 1) * 64;
  const bytes = new Uint8Array(size);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  bytes[text.length] = 0x80;
  new DataView(bytes.buffer).setUint32(size - 4, text.length * 8);
  const state = START.slice();
  for (let from = 0; from < size; from += 64) block(state, bytes, from);
  return state[0];
}

onmessage = ({ data: { token, bits } }) => {
  for (let n = 0; ; n++) {
    if (n % 4096 === 0) postMessage({ share: 1 - Math.exp(-n / 2 ** bits) });
    if (firstWord(`${token}:${n}`) >>> (32 - bits) === 0) {
      postMessage({ answer: String(n) });
      return;
    }
  }
};
