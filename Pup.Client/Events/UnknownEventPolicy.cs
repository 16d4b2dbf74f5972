namespace Pup.Client.Events;

/// <summary>What reading an event does whose type, or version, nobody has registered.</summary>
public enum UnknownEventPolicy
{
    /// <summary>An <see cref="UnknownEventException"/>: in a handler it is a failure like any other, never a silent skip.</summary>
    Throw,

    /// <summary>No event: null.</summary>
    Skip,

    /// <summary>The <see cref="PersistedEvent"/> itself, payload and all.</summary>
    Raw,
}
