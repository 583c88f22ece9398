/**
 * `ztos test macsec`, on the twin.
 */
import { brokenMacsec } from '../support/broken-fabrics.js'
import { suiteTests } from './testing/suite-tests.js'

suiteTests('[Z38] [T07]', 'macsec', 'demo', brokenMacsec)
