/** Exact percentiles of integers that are mostly zero: zeroes are counted, the others kept. */
export class Histogram {
  private zeroes = 0;
  private readonly others: number[] = [];
  private sorted = true;

  add(value: number): void {
    if (value === 0) {
      this.zeroes += 1;
      return;
    }
    this.others.push(value);
    this.sorted = false;
  }

  get count(): number {
    return this.zeroes + this.others.length;
  }

  /** The smallest value that `perMille` thousandths of all values do not exceed; null when there is none. */
  percentile(perMille: number): number | null {
    if (this.count === 0) return null;
    if (!this.sorted) this.others.sort((a, b) => a - b);
    this.sorted = true;
    const rank = Math.max(1, Math.ceil((this.count * perMille) / 1000));
    return rank <= this.zeroes ? 0 : this.others[rank - this.zeroes - 1]!;
  }
}
