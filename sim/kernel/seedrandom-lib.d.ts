/** The one generator of seedrandom that is used: ChaCha's quarter round, pure 32-bit integers, not linear in its seed. */
declare module 'seedrandom/lib/tychei.js' {
  interface Generator {
    /** A signed 32-bit integer. */
    int32(): number;
    /** 53 bits in (0, 1). */
    double(): number;
  }
  export default function tychei(seed: string): Generator;
}
