namespace Pup.Grains.Testing;

/// <summary>Whether the read model is the same however the log is cut into batches.</summary>
internal sealed class BatchingVerification(KitRun run, ReadModel readModel, ReadModelChecks checks)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(checks.RandomRuns, nameof(checks.RandomRuns));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(checks.Partitions, nameof(checks.Partitions));
        if (run.Positions.Count < 2)
        {
            throw new InvalidOperationException(
                $"There is nothing to cut: {run.Positions.Count} of the given events are in the scope of projection '{run.Projection}'. Give it at least two, better some dozen.");
        }

        var seed = checks.Seed ?? Random.Shared.Next();
        var whole = await ApplyAsync(new BatchCuts(1), seed, cancellationToken);
        foreach (var cuts in BatchCuts.Plan(run.Positions, seed, checks.RandomRuns, checks.Partitions))
        {
            var other = await ApplyAsync(cuts, seed, cancellationToken);
            if (ReadModelDifference.Between(whole, "all in one batch", other, "cut otherwise") is { } difference)
            {
                throw new ProjectionTestException(
                    $"Projection '{run.Projection}' is not deterministic: its {run.Positions.Count} events leave other rows with {cuts} (seed {seed}).\n{difference}\n"
                    + $"{ReadModelDifference.Advice} The same batches again: {nameof(ReadModelChecks.Seed)} = {seed}.");
            }
        }
    }

    private async Task<IReadOnlyList<TableRows>> ApplyAsync(BatchCuts cuts, int seed, CancellationToken cancellationToken)
    {
        try
        {
            await run.RebuildAsync(cancellationToken);
            await run.RunAsync(cuts, cancellationToken);
            return await readModel.ReadAsync(cancellationToken);
        }
        catch (ProjectionTestException exception)
        {
            throw new ProjectionTestException($"{exception.Message} (With {cuts}, seed {seed}.)", exception.InnerException, exception.Event);
        }
    }
}
