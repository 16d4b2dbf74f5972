namespace Pup.Grains.Projections;

/// <summary>A projection whose read model can be emptied, and so rebuilt from the log.</summary>
public interface IResettableProjection : IProjection
{
    /// <summary>Empties the read model, usually by a truncate, in the transaction that sets the checkpoints back to 0.</summary>
    ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken);
}
