namespace Pup.Silo.EmbeddedPostgres;

/// <summary>The private PostgreSQL server could not be had; the message says what to do instead.</summary>
internal sealed class EmbeddedPostgresException(string message, Exception? innerException = null) : StartupException(message, innerException);
