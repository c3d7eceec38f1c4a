/* The smallest program: what is measured around it is the launcher. */
int main(void)
{
	return 0;
}
