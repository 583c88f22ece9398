import { shipped } from '../support/subjects.js'
import { samePlanSuite } from './suite.js'

samePlanSuite(shipped('demo-v6'))
