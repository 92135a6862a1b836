/** Who makes and mends the FlowSchemas and PriorityLevelConfigurations that every cluster has, in their managedFields. */
export const PRODUCER = 'api-priority-and-fairness-config-producer-v1'
