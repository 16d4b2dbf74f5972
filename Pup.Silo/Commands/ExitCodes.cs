namespace Pup.Silo.Commands;

/// <summary>How commands end; docs/commands.md lists them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>It did not work, or something is not well.</summary>
    public const int Failed = 1;

    /// <summary>What was said cannot be meant, or wants a confirmation.</summary>
    public const int WrongUse = 2;

    /// <summary>There is no such projection or dead letter.</summary>
    public const int NotFound = 3;

    /// <summary>The projection is not in a state in which that can be done; nothing was changed.</summary>
    public const int Refused = 4;

    /// <summary>The key does not suffice.</summary>
    public const int NotAllowed = 5;

    public const int Interrupted = 130;
}
