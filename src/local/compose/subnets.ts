import { BlockList, isIPv4 } from 'node:net';

/** True when two IPv4 networks, each as address/bits, have an address in common. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)];
  if (!a || !b) return false;
  return block(a).check(b.address) || block(b).check(a.address);
}

interface Subnet {
  readonly address: string;
  readonly bits: number;
}

function parse(text: string): Subnet | undefined {
  const [address = '', bits] = text.split('/');
  return isIPv4(address) && bits !== undefined ? { address, bits: Number(bits) } : undefined;
}

function block({ address, bits }: Subnet): BlockList {
  const list = new BlockList();
  list.addSubnet(address, bits);
  return list;
}
