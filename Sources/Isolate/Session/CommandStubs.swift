// Placeholders until the resolver and the launcher are there.


package func plan(_ request: RunRequest, json: Bool) -> CommandResult {
  CommandResult(errors: "isolated: plan is not wired\n", exitCode: 125)
}

package func showPolicy(_ request: RunRequest, json: Bool) -> CommandResult {
  CommandResult(errors: "isolated: show is not wired\n", exitCode: 125)
}

package func checkProfiles(_ profiles: [TypedWord], json: Bool) -> CommandResult {
  CommandResult(errors: "isolated: check is not wired\n", exitCode: 2)
}

package func listProfiles(_ listing: ProfileListing) -> CommandResult {
  CommandResult(errors: "isolated: profiles is not wired\n", exitCode: 2)
}
