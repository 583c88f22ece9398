import { generated } from '../support/subjects.js'
import { samePlanSuite } from './suite.js'

// Flows of another seed's fabric may by chance leave a next hop unused, which no mutant can be blamed for.
samePlanSuite(generated(14))
