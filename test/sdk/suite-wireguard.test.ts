/**
 * `ztos test wireguard`, on the twin.
 */
import { brokenWireguard } from '../support/broken-fabrics.js'
import { suiteTests } from './testing/suite-tests.js'

suiteTests('[Z37] [T07]', 'wireguard', 'demo-wireguard', brokenWireguard)
