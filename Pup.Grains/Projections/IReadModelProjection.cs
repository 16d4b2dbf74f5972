namespace Pup.Grains.Projections;

/// <summary>A projection that brings its own tables. The engine calls it before the first event and before a rebuild.</summary>
public interface IReadModelProjection : IProjection
{
    /// <summary>Version of the read model's shape. A version other than the stored one means <c>needs rebuild</c>.</summary>
    int ReadModelVersion { get; }

    /// <summary>Creates the tables, or changes those of <paramref name="storedVersion"/> (0: none yet). Must be repeatable.</summary>
    ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken);
}
