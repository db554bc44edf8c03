import { diagnose } from '../../src/doctor/diagnose.ts';
import { examine } from '../../src/doctor/look/index.ts';

/** One look, as the command does it, in a process of its own. */
const [port = 0, keys = 10_000, seconds = 10] = process.argv.slice(2).map(Number);

const facts = await examine(
  {
    asked: `redis://127.0.0.1:${port}`,
    addresses: [{ host: '127.0.0.1', port }],
    credentials: { username: 'default', password: '' },
  },
  { keys, seconds },
);
const { findings } = diagnose(facts);
process.stdout.write(JSON.stringify({ findings, sample: facts.nodes[0]?.keys, sent: facts.commandsSent }));
