namespace Pup.Grains.Partitions;

/// <summary>What one projection has of the slots of its silo, and who of it waits for one. Guarded by the lock of <see cref="WorkerSlots"/>.</summary>
internal sealed class SlotShare
{
    /// <summary>Slots that its partitions have now.</summary>
    public int Held { get; set; }

    /// <summary>In the order in which they asked, each with the number of its asking.</summary>
    public LinkedList<(long Asked, TaskCompletionSource<IDisposable> Granted)> Waiting { get; } = new();
}
