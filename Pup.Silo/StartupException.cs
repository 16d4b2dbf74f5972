namespace Pup.Silo;

/// <summary>
/// A reason not to start, or to stop, that a person can act on. It is shown as one line on standard error, without a
/// stack trace, and its message never contains a password.
/// </summary>
internal class StartupException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What the process exits with: 1, or 2 when what it was told is wrong.</summary>
    public virtual int ExitCode => 1;
}
