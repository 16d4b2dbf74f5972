namespace Pup.Grains;

/// <summary>What happens to an event that its handler could not apply after all attempts.</summary>
public enum ErrorPolicy
{
    /// <summary>The event is dead-lettered, later events of its ordering key queue behind it, everything else goes on.</summary>
    Park,

    /// <summary>Only the event itself is dead-lettered; later events of its ordering key are applied.</summary>
    Skip,

    /// <summary>The partition halts as <c>faulted</c> and says why.</summary>
    Stop,
}
