/**
 * The running digest of a run: two 32-bit words into which every event is folded. Not cryptographic; it tells two runs
 * apart, on every machine alike. Hot path: no allocation.
 */
const TWO_32 = 4_294_967_296;

export class Digest {
  private a = 0x9e3779b9 | 0;
  private b = 0x85ebca6b | 0;

  /** Folds an integer of up to 2^53: a time, an offset, a hash, a code. */
  fold(value: number): void {
    const high = value < TWO_32 ? 0 : Math.floor(value / TWO_32);
    const low = value - high * TWO_32;
    let { a, b } = this;
    a = Math.imul(a ^ low, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b ^ high ^ a, 0x1b873593);
    b = (b << 13) | (b >>> 19);
    this.a = (a + b) | 0;
    this.b = Math.imul(b, 5) + 0x3c6ef372 + a;
  }

  foldText(text: string): void {
    this.fold(text.length);
    for (let at = 0; at < text.length; at++) this.fold(text.charCodeAt(at));
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return word(finish(this.a ^ this.b)) + word(finish((this.b + Math.imul(this.a, 0x2545f491)) | 0));
  }
}

function finish(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function word(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** The digest of a whole result: the fold of the digests of its methods, in their order. */
export function foldDigests(digests: readonly string[]): string {
  const digest = new Digest();
  for (const text of digests) digest.foldText(text);
  return digest.text;
}
