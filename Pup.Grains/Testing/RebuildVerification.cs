namespace Pup.Grains.Testing;

/// <summary>Whether a rebuild gives the read model that has grown.</summary>
internal sealed class RebuildVerification(KitRun run, ReadModel readModel)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var all = new BatchCuts(1);
        await run.RunAsync(all, cancellationToken);
        var grown = await readModel.ReadAsync(cancellationToken);
        await run.RebuildAsync(cancellationToken);
        await run.RunAsync(all, cancellationToken);
        var rebuilt = await readModel.ReadAsync(cancellationToken);
        if (ReadModelDifference.Between(grown, "before the rebuild", rebuilt, "after it") is { } difference)
        {
            throw new ProjectionTestException(
                $"Projection '{run.Projection}' is not what it was after a rebuild.\n{difference}\n"
                + $"ResetAsync must empty all that the handler writes. {ReadModelDifference.Advice}");
        }
    }
}
