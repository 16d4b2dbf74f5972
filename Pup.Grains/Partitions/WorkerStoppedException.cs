namespace Pup.Grains.Partitions;

/// <summary>Leaves the worker's loop from within, with the reason.</summary>
internal sealed class WorkerStoppedException(WorkerOutcome outcome) : Exception(outcome.ToString())
{
    public WorkerOutcome Outcome => outcome;
}
