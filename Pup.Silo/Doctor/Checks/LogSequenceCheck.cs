using Pup.Grains.Feed;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether the positions of the log come from a sequence that hands them out one by one, upwards.</summary>
internal sealed class LogSequenceCheck : ICheck
{
    public string Subject => "The log's sequence";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken) =>
        [.. Judge((await database.ReadAsync(LookSession.ChecksSql, LookSession.ReadChecks, cancellationToken))[0])];

    public static IEnumerable<Finding> Judge(LookChecks checks)
    {
        if (checks.Sequence is not { } sequence)
        {
            yield return new Finding(
                Severity.Error, Codes.SequenceMissing, "events.global_position takes its default from no sequence, so open writers cannot be judged, and nothing is read.", "table events",
                "Give it one, as `bigserial` does.");
            yield break;
        }

        if (checks.SequenceCache != 1)
        {
            yield return new Finding(
                Severity.Error, Codes.SequenceCache, $"The sequence has CACHE {checks.SequenceCache}: sessions take positions in blocks and write them much later, below events already applied. Nothing is read until that ends.",
                $"sequence {sequence}", $"Stop the writers and run `alter sequence {sequence} cache 1`; if Pup then says that the log went back, `pup accept-log`.");
        }

        if (checks.SequenceIncrement < 1 || checks.SequenceCycles)
        {
            yield return new Finding(
                Severity.Error, Codes.SequenceFalls, "The sequence does not only rise, so nothing is read.", $"sequence {sequence}", $"Run `alter sequence {sequence} increment 1 no cycle`.");
        }
    }
}
