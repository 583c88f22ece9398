/**
 * `ztos test vxlan`, on the twin.
 */
import { brokenVxlan, openVxlan } from '../support/broken-fabrics.js'
import { suiteTests } from './testing/suite-tests.js'

suiteTests('[Z39]', 'vxlan', 'demo-clear', [...brokenVxlan, openVxlan])
