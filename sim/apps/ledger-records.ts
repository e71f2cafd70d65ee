/**
 * The records of a ledger, 64 bytes each, one line of text:
 *   A  `ACCOUNT 00000017 BALANCE +00000010000 TX 0000000412 5f3c90a1   `
 *   B  `TX 0000000412 FROM 00000017 TO 00000023 SUM 0000054 90aa31c7   `
 */
import { ascii, hasChecksum, NOT_A_NUMBER, readDigits, writeChecksum, writeDigits } from './text-record.ts';

export const RECORD_BYTES = 64;
/** What every account holds at 0 s. */
export const FIRST_BALANCE = 10_000;

const SUM_AT = 52;
const ACCOUNT_TEMPLATE = ascii('ACCOUNT 00000000 BALANCE +00000000000 TX 0000000000 00000000   \n');
const TRANSFER_TEMPLATE = ascii('TX 0000000000 FROM 00000000 TO 00000000 SUM 0000000 00000000   \n');
const SIGN_AT = 25;
const PLUS = 43;
const MINUS = 45;

export interface AccountRecord {
  readonly account: number;
  readonly balance: number;
  /** The last transaction that touched it; 0 for none. */
  readonly transaction: number;
}

export interface TransferRecord {
  readonly transaction: number;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

export function writeAccount(
  into: Uint8Array,
  at: number,
  account: number,
  balance: number,
  transaction: number,
): void {
  into.set(ACCOUNT_TEMPLATE, at);
  writeDigits(into, at + 8, 8, account);
  into[at + SIGN_AT] = balance < 0 ? MINUS : PLUS;
  writeDigits(into, at + 26, 11, Math.abs(balance));
  writeDigits(into, at + 41, 10, transaction);
  writeChecksum(into, at, at + SUM_AT);
}

/** Null when it is no whole record of an account. */
export function readAccount(from: Uint8Array, at: number): AccountRecord | null {
  if (at + RECORD_BYTES > from.length || !hasChecksum(from, at, at + SUM_AT)) return null;
  const account = readDigits(from, at + 8, 8);
  const balance = readDigits(from, at + 26, 11);
  const transaction = readDigits(from, at + 41, 10);
  if (account === NOT_A_NUMBER || balance === NOT_A_NUMBER || transaction === NOT_A_NUMBER) return null;
  return { account, balance: from[at + SIGN_AT] === MINUS ? -balance : balance, transaction };
}

export function writeTransfer(into: Uint8Array, at: number, transfer: TransferRecord): void {
  into.set(TRANSFER_TEMPLATE, at);
  writeDigits(into, at + 3, 10, transfer.transaction);
  writeDigits(into, at + 19, 8, transfer.from);
  writeDigits(into, at + 31, 8, transfer.to);
  writeDigits(into, at + 44, 7, transfer.amount);
  writeChecksum(into, at, at + SUM_AT);
}

/** Null when it is no whole record of a transfer. */
export function readTransfer(bytes: Uint8Array, at: number): TransferRecord | null {
  if (at + RECORD_BYTES > bytes.length || !hasChecksum(bytes, at, at + SUM_AT)) return null;
  const transaction = readDigits(bytes, at + 3, 10);
  const from = readDigits(bytes, at + 19, 8);
  const to = readDigits(bytes, at + 31, 8);
  const amount = readDigits(bytes, at + 44, 7);
  const numbers = [transaction, from, to, amount];
  return numbers.includes(NOT_A_NUMBER) ? null : { transaction, from, to, amount };
}
