namespace Pup.Grains.Failures;

/// <summary>A handler ignored its cancellation token beyond the grace period; it may still be running.</summary>
internal sealed class HandlerStuckException(int item, TimeSpan after) : Exception(
    $"The handler did not return {after.TotalSeconds:0.#} s after it was asked to stop; it ignores its CancellationToken.")
{
    public int Item => item;
}
