import type { ResourceClaim, ResourceClaimTemplate } from '../../../api/generated/types/resource/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ServingByName } from '../../registry/built-in.ts'
import { adminAccessAsked, adminAccessGranted } from './admin-access.ts'
import { mayAllocate, mayReport } from './status.ts'

/** Who may ask for devices, allocate and report on them (upstream's strategies of resource.k8s.io). Specs never change, so updates ask for nothing new. */
export const deviceChecks: ServingByName = {
  'resourceclaims.resource.k8s.io': {
    hooks: {
      async forbids(draft, old, context) {
        const claim = draft as Frozen<ResourceClaim>
        if (!old) return adminAccessAsked(claim.spec, claim, context)
        if (context.call.info.subresource !== 'status') return []
        const before = old as Frozen<ResourceClaim>
        return [
          ...(await adminAccessGranted(claim, before, context)),
          ...(await mayAllocate(claim.status ?? {}, before.status ?? {}, context)),
          ...(await mayReport(claim.status ?? {}, before.status ?? {}, context)),
        ]
      },
    },
  },
  'resourceclaimtemplates.resource.k8s.io': {
    hooks: {
      forbids(draft, old, context) {
        const template = draft as Frozen<ResourceClaimTemplate>
        return old ? [] : adminAccessAsked(template.spec?.spec, template, context)
      },
    },
  },
}
