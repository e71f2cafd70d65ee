/** What `otm explain` knows of one word, and docs/checks.md is made from. */
export interface Entry {
  readonly word: string;
  readonly kind:
    | 'check'
    | 'promise'
    | 'method'
    | 'fault'
    | 'outcome'
    | 'verdict'
    | 'expectation'
    | 'application'
    | 'key'
    | 'error';
  /** One sentence. */
  readonly says: string;
  /** What more there is to know; a paragraph each. */
  readonly more: readonly string[];
  /** YAML, or a command. */
  readonly example: string;
  /** Other words to explain. */
  readonly see?: readonly string[];
}
