// Node's side of bcrypt: `hash PASSWORD` prints hashes as JSON, `verify PASSWORD HASH...` whether each fits.
import native from 'bcrypt';
import plain from 'bcryptjs';

const [, , command, password, ...hashes] = process.argv;
const salt = (minor) => native.genSaltSync(10, minor);

const answer =
  command === 'hash'
    ? [native.hashSync(password, salt('a')), native.hashSync(password, salt('b')), plain.hashSync(password, 10)]
    : hashes.map((hash) => native.compareSync(password, hash) && plain.compareSync(password, hash));
process.stdout.write(JSON.stringify(answer));
